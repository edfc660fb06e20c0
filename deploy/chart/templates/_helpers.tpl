{{- define "kube-entra.selector" -}}
app.kubernetes.io/name: kube-entra
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "kube-entra.image" -}}
{{- with .Values.image }}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end -}}

{{- define "kube-entra.certificateFiles" -}}
{{- if .Values.certificates.certManager.enabled }}
items:
  - key: tls.crt
    path: server.crt
  - key: tls.key
    path: server.key
  - key: ca.crt
    path: client-ca.crt
{{- end }}
{{- end -}}

{{- /* The role of a binding cannot change, so another role needs a binding of another name. */}}
{{- define "kube-entra.adminBinding" -}}
{{- $role := .Values.adminBinding.clusterRole }}
{{- .Release.Name }}-{{ if eq $role "cluster-admin" }}cluster-admins{{ else }}admins:{{ $role }}{{ end }}
{{- end -}}

{{- /* The group of the admins' binding. Every group that the configuration gives somebody is taken. */}}
{{- define "kube-entra.adminGroup" -}}
{{- $names := default dict .Values.configuration.kubernetes }}
{{- $given := list "kube-entra:cluster-admins" }}
{{- if hasKey $names "adminGroups" }}
{{- $given = default list $names.adminGroups }}
{{- end }}
{{- $group := .Values.adminBinding.group | default (first $given) }}
{{- if not $group }}
{{- fail "adminBinding: configuration.kubernetes.adminGroups is empty, so that nobody would be admin; name a group there, or set adminBinding.enabled: false" }}
{{- end }}
{{- if and (hasPrefix "system:" $group) (ne $group "system:masters") }}
{{- fail (printf "adminBinding: %s is reserved for Kubernetes' own parts, which would be admins too; name a group of your own in configuration.kubernetes.adminGroups" $group) }}
{{- end }}
{{- range .Values.configuration.tenants }}
{{- range concat (default list .groupMappings) (default list .appRoleMappings) (default list .emergencyAccess) }}
{{- $given = concat $given (default list .kubernetesGroups) }}
{{- end }}
{{- end }}
{{- $objectID := printf "^%s[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" (regexQuoteMeta (default "" $names.groupPrefix)) }}
{{- $isObjectID := and (ne (default "include" $names.groupObjectIDs) "drop") (regexMatch $objectID $group) }}
{{- if not (or (has $group $given) $isObjectID) }}
{{- fail (printf "adminBinding.group: the configuration puts nobody into the group %s, so that nobody would be admin; leave adminBinding.group empty for the first of configuration.kubernetes.adminGroups" $group) }}
{{- end }}
{{- $group }}
{{- end -}}

{{- /* The port of an address of the configuration's `server`: list $ NAME, its default, WHO connects to it. */}}
{{- define "kube-entra.port" -}}
{{- $address := default (index . 2) (get (index . 0).Values.configuration.server (index . 1)) }}
{{- $port := regexFind "[0-9]+$" $address }}
{{- if or (not (regexMatch "^(0\\.0\\.0\\.0|\\[::\\])?:[0-9]+$" $address)) (lt (atoi $port) 1) (gt (atoi $port) 65535) }}
{{- fail (printf "configuration.server.%s: %s cannot reach %s; it must be all addresses of the pod and a port, such as 0.0.0.0%s" (index . 1) (index . 3) $address (regexFind ":[0-9]+$" (index . 2))) }}
{{- end }}
{{- atoi $port }}
{{- end -}}

{{- define "kube-entra.webhookPort" -}}
{{- include "kube-entra.port" (list $ "listen" "127.0.0.1:8443" "kube-apiserver") }}
{{- end -}}

{{- define "kube-entra.operationsPort" -}}
{{- include "kube-entra.port" (list $ "operations" "127.0.0.1:8480" "the probes") }}
{{- end -}}

{{- define "kube-entra.selector" -}}
app.kubernetes.io/name: kube-entra
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

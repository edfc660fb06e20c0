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

{{- /* Every file that the configuration names, one in a line: FIELD, a space, and its path. */}}
{{- define "kube-entra.files" -}}
{{- $configuration := .Values.configuration }}
{{- range $name := list "certificate" "privateKey" "clientCA" }}
{{- with get $configuration.server $name }}
server.{{ $name }} {{ . }}
{{- end }}
{{- end }}
{{- range $index, $tenant := $configuration.tenants }}
{{- $keys := default dict $tenant.signingKeys }}
{{- $directory := default dict $tenant.directory }}
{{- range $name := list "authorityCA" "deniedFile" }}
{{- with get $tenant $name }}
tenants[{{ $index }}].{{ $name }} {{ . }}
{{- end }}
{{- end }}
{{- range $name := list "clientSecretFile" "clientCertificateFile" "federatedTokenFile" "graphCA" }}
{{- with get $directory $name }}
tenants[{{ $index }}].directory.{{ $name }} {{ . }}
{{- end }}
{{- end }}
{{- range $name := list "file" "cacheFile" }}
{{- with get $keys $name }}
tenants[{{ $index }}].signingKeys.{{ $name }} {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- with $configuration.names }}
names {{ . }}
{{- end }}
{{- with (default dict $configuration.logging).audit }}
logging.audit {{ . }}
{{- end }}
{{- end -}}

{{- /* Whether a path is in one of the folders: list PATH FOLDERS. */}}
{{- define "kube-entra.isInside" -}}
{{- $path := clean (index . 0) }}
{{- range index . 1 }}
{{- if hasPrefix (printf "%s/" (clean .)) (printf "%s/" $path) }}yes{{ end }}
{{- end }}
{{- end -}}

{{- /* Refuses a URL that the network policy does not let the pods reach: list $ FIELD URL. */}}
{{- define "kube-entra.checkWayOut" -}}
{{- $policy := (index . 0).Values.networkPolicy }}
{{- $address := regexFind "^[a-z]+://[^/?#]+" (index . 2 | lower) }}
{{- $port := regexFind ":[0-9]+$" $address | trimPrefix ":" | default (ternary "443" "80" (hasPrefix "https:" $address)) | atoi }}
{{- $isOpen := not $policy.enabled }}
{{- range $policy.egressPorts }}
{{- $isOpen = or $isOpen (eq (int .) $port) }}
{{- end }}
{{- range $policy.extraEgress }}
{{- $isOpen = or $isOpen (not .ports) }}
{{- range .ports }}
{{- $isTCP := eq (default "TCP" .protocol) "TCP" }}
{{- $isNamed := kindIs "string" .port }}
{{- $isInRange := and (le (int .port) $port) (ge (int (default .port .endPort)) $port) }}
{{- $isOpen = or $isOpen (and $isTCP (or (not .port) $isNamed $isInRange)) }}
{{- end }}
{{- end }}
{{- if and $address (not $isOpen) }}
{{- fail (printf "networkPolicy: the pods may not connect to port %d, where %s leads; add it to networkPolicy.egressPorts, or a rule to networkPolicy.extraEgress" $port (index . 1)) }}
{{- end }}
{{- end -}}

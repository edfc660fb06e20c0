import Addresses
import YAML

/// The files that make the webhook a service of a node. `deploy/systemd` and `deploy/static-pod` contain the same texts
/// for manual installation.
enum ServiceFiles {
    static let configuration = "/etc/kube-entra/kube-entra.yaml"
    static let unitPath = "/etc/systemd/system/kube-entra.service"
    /// Where packages install the unit.
    static let packagedUnitPaths = [
        "/usr/lib/systemd/system/kube-entra.service", "/lib/systemd/system/kube-entra.service",
    ]
    static let sysusersPath = "/etc/sysusers.d/kube-entra.conf"
    static let userName = "kube-entra"
    static let logFolder = "/var/log/kube-entra"
    static let podName = "kube-entra.yaml"
    /// The user ID in the container.
    static let podUser: UInt32 = 64170

    static let sysusers = """
        u kube-entra - "kube-entra webhook" /var/lib/kube-entra

        """

    static func unit(program: String) -> String {
        """
        # kube-entra on a control-plane node, beside kube-apiserver: deploy/systemd of kube-entra.
        [Unit]
        Description=Microsoft Entra sign-in for Kubernetes (token review webhook)
        Documentation=https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication
        Wants=network-online.target
        After=network-online.target time-sync.target
        # kube-apiserver need not wait: it asks only when a token arrives.
        StartLimitIntervalSec=0

        [Service]
        Type=notify
        NotifyAccess=main
        ExecStart=\(program) serve --config \(configuration)
        ExecReload=/bin/kill -HUP $MAINPID
        Restart=always
        RestartSec=2s
        TimeoutStartSec=30s
        # serve finishes what it was asked within 20 s.
        TimeoutStopSec=25s
        WatchdogSec=30s

        User=kube-entra
        Group=kube-entra
        # For signingKeys.cacheFile and logging.audit.
        StateDirectory=kube-entra
        StateDirectoryMode=0700
        LogsDirectory=kube-entra
        LogsDirectoryMode=0750
        UMask=0077

        LimitNOFILE=16384
        LimitCORE=0
        MemoryMax=512M
        TasksMax=64

        CapabilityBoundingSet=
        AmbientCapabilities=
        NoNewPrivileges=yes
        ProtectSystem=strict
        ProtectHome=yes
        PrivateTmp=yes
        PrivateDevices=yes
        PrivateUsers=yes
        ProtectClock=yes
        ProtectControlGroups=yes
        ProtectHostname=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        ProtectProc=invisible
        ProcSubset=pid
        RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        LockPersonality=yes
        MemoryDenyWriteExecute=yes
        RemoveIPC=yes
        KeyringMode=private
        SystemCallArchitectures=native
        SystemCallFilter=@system-service
        SystemCallFilter=~@privileged
        SystemCallErrorNumber=EPERM

        [Install]
        WantedBy=multi-user.target

        """
    }

    /// Whether a static pod is what `enable` writes, perhaps with another image: that is how it is upgraded.
    static func isPod(_ manifest: [UInt8], operations: ListenAddress) -> Bool {
        image(ofPod: manifest).map { Array(pod(image: $0, operations: operations).utf8) == manifest } ?? false
    }

    /// The image of a static pod's first container.
    static func image(ofPod manifest: [UInt8]) -> String? {
        (try? YAMLEditor(manifest))?.node([.key("spec"), .key("containers"), .index(0), .key("image")])?.text
    }

    /// - Parameter operations: the address at which the kubelet asks whether the webhook is well.
    static func pod(image: String, operations: ListenAddress) -> String {
        """
        # A static pod on each control-plane node: deploy/static-pod of kube-entra.
        apiVersion: v1
        kind: Pod
        metadata:
          name: kube-entra
          namespace: kube-system
          labels:
            app.kubernetes.io/name: kube-entra
            app.kubernetes.io/component: authentication-webhook
        spec:
          # With the host's network the webhook is on 127.0.0.1, before there is any container network.
          hostNetwork: true
          dnsPolicy: Default
          priorityClassName: system-node-critical
          terminationGracePeriodSeconds: 25
          securityContext:
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: kube-entra
              # Built by deploy/release.sh.
              image: "\(image)"
              imagePullPolicy: IfNotPresent
              # With --share-ports, a second pod can take over before this one ends.
              args: [serve, --share-ports, --config, \(configuration)]
              securityContext:
                runAsNonRoot: true
                runAsUser: 64170
                runAsGroup: 64170
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
              resources:
                requests:
                  cpu: 50m
                  memory: 64Mi
                limits:
                  memory: 512Mi
              startupProbe:
                \(probe("/livez", operations))
                periodSeconds: 2
                failureThreshold: 30
              livenessProbe:
                \(probe("/livez", operations))
                periodSeconds: 10
                failureThreshold: 3
              readinessProbe:
                \(probe("/readyz", operations))
                periodSeconds: 5
              volumeMounts:
                # Folders and not files, so that files that are replaced are seen.
                - name: configuration
                  mountPath: /etc/kube-entra
                  readOnly: true
                - name: state
                  mountPath: /var/lib/kube-entra
          volumes:
            - name: configuration
              hostPath:
                path: /etc/kube-entra
                type: Directory
            - name: state
              hostPath:
                path: /var/lib/kube-entra
                type: DirectoryOrCreate

        """
    }

    /// A probe's request, as deep as it stands in the pod.
    private static func probe(_ path: String, _ operations: ListenAddress) -> String {
        """
        httpGet:
                  host: "\(operations.localHost)"
                  port: \(operations.port)
                  path: \(path)
        """
    }
}

extension ListenAddress {
    /// A host at which a program of this host reaches it.
    var localHost: String { host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host }
}

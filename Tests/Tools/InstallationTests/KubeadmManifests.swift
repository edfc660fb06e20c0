/// kube-apiserver's manifest as kubeadm writes it, by minor version of Kubernetes.
///
/// Each line, and its place, was compared with what kubeadm wrote on real clusters: nodes of 1.27, 1.29 and 1.32 to
/// 1.36, kind's of 1.31 and 1.36, minikube's of 1.30 and 1.37, and a node of 1.28 whose manifest had been edited. They
/// differed in addresses, in CPU, in the CA folders of the host, and in what people had added. That of 1.20 is byte for
/// byte what kubeadm 1.20.2 writes (Tests/Cluster). The node of 1.37 showed its pod by `kubectl describe`: every flag,
/// port, probe, mount and volume, and the flags' order, but not the order of the other lines, which is that of 1.36.
enum KubeadmManifests {
    static func manifest(_ minor: Int) -> String {
        // Named probe ports since 1.34; a creation time of null until 1.33. The rest changed between 1.20 and 1.27.
        let isOld = minor < 27
        let registry = isOld ? "k8s.gcr.io" : "registry.k8s.io"
        let insecurePort = isOld ? "    - --insecure-port=0\n" : ""
        let priority = isOld ? "" : "  priority: 2000001000\n"
        let security = isOld ? "" : "  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n"
        let creation = minor < 34 ? "  creationTimestamp: null\n" : ""
        let port = minor < 34 ? "6443" : "probe-port"
        let ports =
            minor < 34
            ? ""
            : """
                ports:
                - containerPort: 6443
                  name: probe-port
                  protocol: TCP

            """
        func probe(_ name: String, _ path: String, threshold: Int, delay: Int?) -> String {
            """
                \(name):
                  failureThreshold: \(threshold)
                  httpGet:
                    host: 10.0.0.10
                    path: \(path)
                    port: \(port)
                    scheme: HTTPS
            \(delay.map { "      initialDelaySeconds: \($0)\n" } ?? "")      periodSeconds: \(name == "readinessProbe" ? 1 : 10)
                  timeoutSeconds: 15

            """
        }
        return """
            apiVersion: v1
            kind: Pod
            metadata:
              annotations:
                kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: 10.0.0.10:6443
            \(creation)  labels:
                component: kube-apiserver
                tier: control-plane
              name: kube-apiserver
              namespace: kube-system
            spec:
              containers:
              - command:
                - kube-apiserver
                - --advertise-address=10.0.0.10
                - --allow-privileged=true
                - --authorization-mode=Node,RBAC
                - --client-ca-file=/etc/kubernetes/pki/ca.crt
                - --enable-admission-plugins=NodeRestriction
                - --enable-bootstrap-token-auth=true
                - --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt
                - --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt
                - --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key
                - --etcd-servers=https://127.0.0.1:2379
            \(insecurePort)    - --kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt
                - --kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key
                - --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
                - --proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt
                - --proxy-client-key-file=/etc/kubernetes/pki/front-proxy-client.key
                - --requestheader-allowed-names=front-proxy-client
                - --requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt
                - --requestheader-extra-headers-prefix=X-Remote-Extra-
                - --requestheader-group-headers=X-Remote-Group
                - --requestheader-username-headers=X-Remote-User
                - --secure-port=6443
                - --service-account-issuer=https://kubernetes.default.svc.cluster.local
                - --service-account-key-file=/etc/kubernetes/pki/sa.pub
                - --service-account-signing-key-file=/etc/kubernetes/pki/sa.key
                - --service-cluster-ip-range=10.96.0.0/12
                - --tls-cert-file=/etc/kubernetes/pki/apiserver.crt
                - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key
                image: \(registry)/kube-apiserver:v1.\(minor).2
                imagePullPolicy: IfNotPresent

            """ + probe("livenessProbe", "/livez", threshold: 8, delay: 10)
                + "    name: kube-apiserver\n" + ports
                + probe("readinessProbe", "/readyz", threshold: 3, delay: nil) + """
                        resources:
                          requests:
                            cpu: 250m

                    """ + probe("startupProbe", "/livez", threshold: 24, delay: 10) + """
                        volumeMounts:
                        - mountPath: /etc/ssl/certs
                          name: ca-certs
                          readOnly: true
                        - mountPath: /etc/ca-certificates
                          name: etc-ca-certificates
                          readOnly: true
                        - mountPath: /etc/kubernetes/pki
                          name: k8s-certs
                          readOnly: true
                        - mountPath: /usr/local/share/ca-certificates
                          name: usr-local-share-ca-certificates
                          readOnly: true
                        - mountPath: /usr/share/ca-certificates
                          name: usr-share-ca-certificates
                          readOnly: true
                      hostNetwork: true
                    \(priority)  priorityClassName: system-node-critical
                    \(security)  volumes:
                      - hostPath:
                          path: /etc/ssl/certs
                          type: DirectoryOrCreate
                        name: ca-certs
                      - hostPath:
                          path: /etc/ca-certificates
                          type: DirectoryOrCreate
                        name: etc-ca-certificates
                      - hostPath:
                          path: /etc/kubernetes/pki
                          type: DirectoryOrCreate
                        name: k8s-certs
                      - hostPath:
                          path: /usr/local/share/ca-certificates
                          type: DirectoryOrCreate
                        name: usr-local-share-ca-certificates
                      - hostPath:
                          path: /usr/share/ca-certificates
                          type: DirectoryOrCreate
                        name: usr-share-ca-certificates
                    status: {}

                    """
    }

    /// What kubeadm 1.37.0 wrote on a node of minikube: its own port and folder of certificates, and one flag at the end,
    /// where kubeadm's configuration `v1beta4` puts flags that it does not set itself.
    static var minikube: String {
        let plugins =
            "NamespaceLifecycle,LimitRanger,ServiceAccount,DefaultStorageClass,DefaultTolerationSeconds,NodeRestriction,"
            + "MutatingAdmissionWebhook,ValidatingAdmissionWebhook,ResourceQuota"
        let image = "    image: registry.k8s.io/kube-apiserver:v1.37"
        return manifest(37)
            .replacingEvery("    - --enable-admission-plugins=NodeRestriction\n", with: "")
            .replacingEvery(image, with: "    - --enable-admission-plugins=\(plugins)\n" + image)
            .replacingEvery(":v1.37.2", with: ":v1.37.0")
            .replacingEvery("10.0.0.10", with: "192.168.49.2")
            .replacingEvery("6443", with: "8443")
            .replacingEvery("/etc/kubernetes/pki", with: "/var/lib/minikube/certs")
    }

    /// What kubeadm keeps in the ConfigMap `kubeadm-config`; compared with those of clusters of 1.22, 1.23 and 1.34.
    static func configuration(_ version: String, apiServer: String = "apiServer: {}") -> String {
        let isNew = version == "v1beta4"
        let validity =
            isNew ? "caCertificateValidityPeriod: 87600h0m0s\ncertificateValidityPeriod: 8760h0m0s\n" : ""
        return """
            \(apiServer)
            apiVersion: kubeadm.k8s.io/\(version)
            \(validity)certificatesDir: /etc/kubernetes/pki
            clusterName: kubernetes
            controllerManager: {}
            dns: {}
            \(isNew ? "encryptionAlgorithm: RSA-2048\n" : "")etcd:
              local:
                dataDir: /var/lib/etcd
            imageRepository: registry.k8s.io
            kind: ClusterConfiguration
            kubernetesVersion: v1.\(isNew ? 34 : 30).1
            networking:
              dnsDomain: cluster.local
              serviceSubnet: 10.96.0.0/12
            \(isNew ? "proxy: {}\n" : "")scheduler: {}

            """
    }
}

print("kube-entra-demo")

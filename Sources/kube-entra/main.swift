print("kube-entra")

import os

import pytest
from programs import TOOLS


@pytest.fixture(params=["helm 4", "helm 3"])
def tools(request, monkeypatch):
    """The newest released helm and kubectl, then those of the oldest Kubernetes that the chart is for."""
    if request.param == "helm 3":
        monkeypatch.setenv("PATH", os.path.join(TOOLS, "oldest") + os.pathsep + os.environ["PATH"])
    return request.param

"""A real Kubernetes control plane (and kube-proxy) for tests: no containers, no kubelet, nothing installed.

    from kube import Cluster
    with Cluster() as cluster:
        print(cluster.kubectl("get", "namespaces"))

Put the folder test/ on sys.path to import it. build.py builds the components, cluster.py runs them.
"""

from .build import BuildError
from .cluster import Cluster, ClusterError, KubectlError, close_directory, wait_for

__all__ = ["BuildError", "Cluster", "ClusterError", "KubectlError", "close_directory", "wait_for"]

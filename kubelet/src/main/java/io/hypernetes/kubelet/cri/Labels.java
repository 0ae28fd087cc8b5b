package io.hypernetes.kubelet.cri;

/// Labels and annotations by which the kubelet recognises its sandboxes and containers, also after it was killed.
public final class Labels {
    public static final String POD_NAME = "io.kubernetes.pod.name";
    public static final String POD_NAMESPACE = "io.kubernetes.pod.namespace";
    public static final String POD_UID = "io.kubernetes.pod.uid";
    public static final String CONTAINER_NAME = "io.kubernetes.container.name";
    public static final String TENANT = "hypernetes.io/tenant";
    /// Annotation of the sandbox that a pull with credentials is for: the tenant's uid, as its name may be another's one day.
    public static final String TENANT_UID = "hypernetes.io/tenant-uid";
    /// Annotation of an image, by the runtime: every tenant may have it, as the operator loaded it or somebody pulled it without credentials.
    public static final String FOR_ALL = "hypernetes.io/for-all";
    public static final String HASH = "io.kubernetes.container.hash";
    public static final String RESTART_COUNT = "io.kubernetes.container.restartCount";
    public static final String GRACE_SECONDS = "io.kubernetes.pod.terminationGracePeriod";
    public static final String MESSAGE_PATH = "io.kubernetes.container.terminationMessagePath";
    public static final String MESSAGE_POLICY = "io.kubernetes.container.terminationMessagePolicy";
    /// Host file into which the runtime copies the termination message.
    public static final String MESSAGE_FILE = "hypernetes.io/termination-message-file";
    /// Bytes that a file of the container's log may come to before the runtime itself goes on in another.
    public static final String LOG_FILE_BYTES = "hypernetes.io/log-file-bytes";
    /// Prefix of sandbox annotations that describe an emptyDir, followed by the volume's name.
    public static final String EMPTY_DIR = "hypernetes.io/empty-dir.";

    /// Annotation of pods of the node's own, and of their sandboxes: their uid, which follows from what their files say.
    public static final String CONFIG_HASH = "kubernetes.io/config.hash";

    /// Sandbox annotation: the kernel that the pod wants.
    public static final String KERNEL = "hypernetes.io/kernel";
    /// Sandbox annotation: whether the pod's tenant shares machine templates with others, which the API server says of each pod.
    public static final String ISOLATION = "hypernetes.io/isolation";
    /// Sandbox annotation: bytes of the pod's writable disk.
    public static final String EPHEMERAL_STORAGE = "hypernetes.io/ephemeral-storage";
    /// Sandbox annotation: bytes of memory that the pod's containers are to have together at least, where not all of them have a limit.
    public static final String LEAST_MEMORY = "hypernetes.io/least-memory";
    /// Sandbox annotation: bytes of memory that the pod asked for when its machine was made, which keeps them.
    public static final String REQUESTED_MEMORY = "hypernetes.io/requested-memory";
    /// Sandbox annotation: bytes of memory that the pod could have when its machine was made, which may have taken them since.
    public static final String LIMITED_MEMORY = "hypernetes.io/limited-memory";

    private Labels() {}
}

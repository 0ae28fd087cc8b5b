package io.hypernetes.images;

/// For whom an image is pulled, which decides where its registry may be.
public enum Requester {
    /// Names a registry wherever it is, also on this host.
    OPERATOR,
    /// Names none on this host, on its wire or at the operator's own addresses, whatever its name stands for at any other time.
    TENANT
}

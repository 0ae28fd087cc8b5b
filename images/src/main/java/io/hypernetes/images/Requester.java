package io.hypernetes.images;

/// For whom an image is pulled, which decides where its registry may be, and by whom the places for downloads are shared.
///
/// @param isOperator names a registry wherever it is, also on this host; anybody else none on this host, on its wire or at the operator's own addresses, whatever its name
///        stands for at any other time
/// @param tenant whose the pull is; nothing for the operator
/// @param uid the tenant's, as its name may be another's one day; nothing where it is not known
public record Requester(boolean isOperator, String tenant, String uid) {
    public static final Requester OPERATOR = new Requester(true, "");

    Requester(boolean isOperator, String tenant) {
        this(isOperator, tenant, "");
    }

    public static Requester tenant(String name) {
        return tenant(name, "");
    }

    public static Requester tenant(String name, String uid) {
        return new Requester(false, name, uid);
    }

    /// Tells those apart who share the node, durably; nothing for the operator.
    String key() {
        return uid.isEmpty() ? tenant : "uid " + uid;
    }
}

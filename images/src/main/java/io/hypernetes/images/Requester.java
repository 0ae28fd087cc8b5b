package io.hypernetes.images;

/// For whom an image is pulled, which decides where its registry may be, and by whom the places for downloads are shared.
///
/// @param isOperator names a registry wherever it is, also on this host; anybody else none on this host, on its wire or at the operator's own addresses, whatever its name
///        stands for at any other time
/// @param tenant whose the pull is; nothing for the operator
public record Requester(boolean isOperator, String tenant) {
    public static final Requester OPERATOR = new Requester(true, "");

    public static Requester tenant(String name) {
        return new Requester(false, name);
    }
}

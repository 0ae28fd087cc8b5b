package io.hypernetes.client;

/// What a list or watch keeps, as the API's selector strings; empty keeps everything.
public record Selection(String labelSelector, String fieldSelector) {

    public static Selection everything() {
        return new Selection("", "");
    }

    /// By labels, such as `app=web,tier!=db`.
    public static Selection labels(String selector) {
        return new Selection(selector, "");
    }

    /// By fields, such as `spec.nodeName=node-1`.
    public static Selection fields(String selector) {
        return new Selection("", selector);
    }
}

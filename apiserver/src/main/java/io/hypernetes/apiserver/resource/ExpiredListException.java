package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.Objects;
import tools.jackson.databind.node.ObjectNode;

/// A list in pieces whose state is no longer kept. The answer carries a token that goes on with the present state.
public final class ExpiredListException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String token;

    ExpiredListException(String token) {
        super("The provided continue parameter is too old to display a consistent list result. You can start a new list "
                + "without the continue parameter, or use the continue token in this response to retrieve the remainder "
                + "of the results. Continuing with the provided token results in an inconsistent list - objects that "
                + "were created, modified, or deleted between the time the first chunk was returned and now may show up "
                + "in the list.");
        this.token = token;
    }

    /// The Status to answer with.
    public ObjectNode toJson() {
        var status = ApiStatus.expired(Objects.toString(getMessage(), "")).toJson();
        Json.child(status, "metadata").put("continue", token);
        return status;
    }
}

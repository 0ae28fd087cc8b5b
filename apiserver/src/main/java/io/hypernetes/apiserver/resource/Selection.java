package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.selector.FieldSelector;
import io.hypernetes.objects.selector.LabelSelector;

/// Which objects a list, watch or collection delete means.
///
/// @param name the name in the path, for a watch of one object; empty for all
record Selection(LabelSelector labels, FieldSelector fields, String name) {

    static Selection of(Exchange http, Kind kind, String name) {
        LabelSelector labels;
        try {
            labels = LabelSelector.parse(http.query("labelSelector"));
        } catch (IllegalArgumentException e) {
            throw ApiStatus.badRequest(String.valueOf(e.getMessage())).asException();
        }
        var given = http.query("fieldSelector");
        var fields = given.isEmpty() ? FieldSelector.EVERYTHING : kind.fieldSelector(given);
        if (!name.isEmpty() && !fields.isEverything() && !name.equals(fields.demanded("metadata.name"))) {
            throw ApiStatus.badRequest("fieldSelector metadata.name doesn't match requested name").asException();
        }
        return new Selection(labels, fields, name);
    }

    boolean everything() {
        return labels.isEverything() && fields.isEverything() && name.isEmpty();
    }

    boolean matches(Indexed object) {
        return (name.isEmpty() || name.equals(object.field("metadata.name")))
                && labels.matches(object.labels())
                && fields.matches(object::field);
    }
}

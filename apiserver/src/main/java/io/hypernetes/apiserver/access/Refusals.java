package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;

/// The words of a 403, as clients know them.
final class Refusals {
    private Refusals() {}

    static ApiException forbidden(Caller caller, Target target, String why) {
        if (!target.resource()) {
            return new ApiStatus(
                            403,
                            "Forbidden",
                            "forbidden: User \"%s\" cannot %s path \"%s\"%s"
                                    .formatted(caller.user(), target.verb(), target.path(), suffix(why)),
                            null)
                    .asException();
        }
        var where = target.namespace().isEmpty()
                ? "at the cluster scope"
                : "in the namespace \"" + target.namespace() + "\"";
        return ApiStatus.forbidden(
                        target.group(),
                        target.plural(),
                        target.name(),
                        "User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s%s"
                                .formatted(
                                        caller.user(),
                                        target.verb(),
                                        target.resourcePath(),
                                        target.group(),
                                        where,
                                        suffix(why)))
                .asException();
    }

    private static String suffix(String why) {
        return why.isEmpty() ? "" : ": " + why;
    }
}

package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.rbac.Attempt;
import io.hypernetes.apiserver.rbac.Policies;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// Lets who may `impersonate` act as somebody else of the same tenant, as the headers `Impersonate-*` ask. Whoever they act as is at home in the
/// tenant of the request: nobody becomes somebody of another tenant this way.
public final class Impersonation {
    private static final String USER = "Impersonate-User";
    private static final String GROUP = "Impersonate-Group";
    private static final String UID = "Impersonate-Uid";
    private static final String EXTRA = "impersonate-extra-";
    private static final String ACCOUNT = "system:serviceaccount:";
    private static final String AUTHENTICATION = "authentication.k8s.io";

    private final Policies policies;

    public Impersonation(Policies policies) {
        this.policies = policies;
    }

    /// Who is to be believed to call: the caller, or whom the caller asks to be.
    ///
    /// @throws ApiException 403 when the caller may not be that, 400 when the headers do not say who
    public Caller apply(Exchange http, Caller caller, TenantPath tenant) {
        var user = http.header(USER).orElse("");
        var groups = http.headers(GROUP);
        var uid = http.header(UID).orElse("");
        var extra = extra(http);
        if (user.isEmpty()) {
            if (!groups.isEmpty() || !uid.isEmpty() || !extra.isEmpty()) {
                throw ApiStatus.badRequest("requested %s without impersonating a user: the header %s is missing"
                                .formatted(!groups.isEmpty() ? "groups" : !uid.isEmpty() ? "a uid" : "extra", USER))
                        .asException();
            }
            return caller;
        }
        var home = tenant.everywhere() ? Caller.ROOT : tenant.tenant();
        var given = new ArrayList<>(groups);
        var account = user.startsWith(ACCOUNT) ? user.substring(ACCOUNT.length()).split(":", -1) : new String[0];
        if (account.length == 2) {
            require(caller, home, Attempt.at("impersonate", "", "serviceaccounts", account[0], account[1]));
            if (given.isEmpty()) {
                given.addAll(List.of("system:serviceaccounts", "system:serviceaccounts:" + account[0]));
            }
        } else {
            require(caller, home, Attempt.at("impersonate", "", "users", "", user));
        }
        for (var group : groups) {
            require(caller, home, Attempt.at("impersonate", "", "groups", "", group));
        }
        if (!uid.isEmpty()) {
            require(caller, home, Attempt.at("impersonate", AUTHENTICATION, "uids", "", uid));
        }
        extra.forEach((name, values) -> values.forEach(
                value -> require(caller, home, Attempt.at("impersonate", AUTHENTICATION, "userextras/" + name, "", value))));
        var group = user.equals("system:anonymous") ? "system:unauthenticated" : "system:authenticated";
        if (!given.contains(group) && !given.contains("system:unauthenticated")) {
            given.add(group);
        }
        return new Caller(home, user, given, uid, extra);
    }

    private void require(Caller caller, String home, Attempt attempt) {
        if (caller.isOperator() || policies.allows(home, caller, attempt).isPresent()) {
            return;
        }
        var where = attempt.namespace().isEmpty() ? "at the cluster scope" : "in the namespace \"" + attempt.namespace() + "\"";
        throw ApiStatus.forbidden(
                        attempt.group(),
                        attempt.resource(),
                        attempt.name(),
                        "User \"%s\" cannot impersonate resource \"%s\" in API group \"%s\" %s"
                                .formatted(caller.user(), attempt.resource(), attempt.group(), where))
                .asException();
    }

    private static Map<String, List<String>> extra(Exchange http) {
        var extra = new TreeMap<String, List<String>>();
        for (var header : http.allHeaders()) {
            var name = header.getKey().toLowerCase(Locale.ROOT);
            if (name.startsWith(EXTRA)) {
                var key = name.substring(EXTRA.length());
                try {
                    key = URLDecoder.decode(key, StandardCharsets.UTF_8);
                } catch (IllegalArgumentException e) {
                    // Taken as it is written.
                }
                extra.computeIfAbsent(key, _ -> new ArrayList<>()).add(header.getValue());
            }
        }
        return extra;
    }
}

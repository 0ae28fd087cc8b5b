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
    private static final String PREFIX = "Impersonate-";
    private static final String USER = "Impersonate-User";
    private static final String GROUP = "Impersonate-Group";
    private static final String UID = "Impersonate-Uid";
    private static final String EXTRA = "impersonate-extra-";
    private static final String ACCOUNT = "system:serviceaccount:";
    private static final String AUTHENTICATION = "authentication.k8s.io";
    /// As many headers as one may use for groups and for what else is known of a user; upstream has no bound but that of all headers.
    private static final int MOST = 100;

    private final Policies policies;

    public Impersonation(Policies policies) {
        this.policies = policies;
    }

    /// Whether a request asks for its caller to be taken for somebody else.
    public static boolean isAsked(Exchange http) {
        return http.allHeaders().stream().anyMatch(header -> header.getKey().regionMatches(true, 0, PREFIX, 0, PREFIX.length()));
    }

    /// Who is to be believed to call: the caller, or whom the caller asks to be.
    ///
    /// @throws ApiException 403 when the caller may not be that, 400 when the headers do not say who or are too many
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
        int many = groups.size() + extra.values().stream().mapToInt(List::size).sum();
        if (many > MOST) {
            throw ApiStatus.badRequest(
                            "requested to impersonate a user with %d groups and values of extra: the headers %s and Impersonate-Extra-* may be %d at most"
                                    .formatted(many, GROUP, MOST))
                    .asException();
        }
        var home = tenant.everywhere() ? Caller.ROOT : tenant.tenant();
        var given = new ArrayList<>(groups);
        var account = user.startsWith(ACCOUNT) ? user.substring(ACCOUNT.length()).split(":", -1) : new String[0];
        var attempts = new ArrayList<Attempt>();
        if (account.length == 2) {
            attempts.add(Attempt.at("impersonate", "", "serviceaccounts", account[0], account[1]));
            if (given.isEmpty()) {
                given.addAll(List.of("system:serviceaccounts", "system:serviceaccounts:" + account[0]));
            }
        } else {
            attempts.add(Attempt.at("impersonate", "", "users", "", user));
        }
        for (var group : groups) {
            attempts.add(Attempt.at("impersonate", "", "groups", "", group));
        }
        if (!uid.isEmpty()) {
            attempts.add(Attempt.at("impersonate", AUTHENTICATION, "uids", "", uid));
        }
        extra.forEach((name, values) ->
                values.forEach(value -> attempts.add(Attempt.at("impersonate", AUTHENTICATION, "userextras/" + name, "", value))));
        require(caller, home, attempts);
        var group = user.equals("system:anonymous") ? "system:unauthenticated" : "system:authenticated";
        if (!given.contains(group) && !given.contains("system:unauthenticated")) {
            given.add(group);
        }
        return new Caller(home, user, given, uid, extra);
    }

    private void require(Caller caller, String home, List<Attempt> attempts) {
        var refused = caller.isOperator() ? List.<Attempt>of() : policies.refused(home, caller, attempts);
        if (refused.isEmpty()) {
            return;
        }
        var attempt = refused.getFirst();
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

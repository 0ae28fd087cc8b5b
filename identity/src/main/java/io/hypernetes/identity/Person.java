package io.hypernetes.identity;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Somebody who proved with a login or a token who they are, and who may be at home in several tenants. Immutable.
///
/// @param name the user name, the same in all of them
/// @param uid empty when there is none
/// @param tenants the groups by tenant, the first home first; empty for somebody who is at home nowhere
/// @param extra what authorisers may also look at
public record Person(String name, String uid, Map<String, List<String>> tenants, Map<String, List<String>> extra) {
    public Person {
        var copy = new LinkedHashMap<String, List<String>>();
        tenants.forEach((tenant, groups) -> copy.put(tenant, List.copyOf(groups)));
        tenants = Collections.unmodifiableMap(copy);
        extra = Map.copyOf(extra);
    }

    /// The person as a member of one tenant: the one that is asked for if it is a home, else the first home. An operator is an operator
    /// everywhere.
    ///
    /// @param wanted empty when none is asked for
    /// @throws NotAuthenticatedException when there is no home at all
    public Principal in(String wanted) {
        if (tenants.isEmpty()) {
            throw new NotAuthenticatedException("user " + name + " belongs to no tenant");
        }
        boolean operator = tenants.getOrDefault(Principal.ROOT, List.of()).contains(Principal.ADMINISTRATORS);
        var tenant = operator ? Principal.ROOT : tenants.containsKey(wanted) ? wanted : tenants.keySet().iterator().next();
        var groups = new ArrayList<>(tenants.getOrDefault(tenant, List.of()));
        groups.remove(Principal.AUTHENTICATED);
        groups.add(Principal.AUTHENTICATED);
        return new Principal(tenant, name, uid, groups, extra);
    }
}

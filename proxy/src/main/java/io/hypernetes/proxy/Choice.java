package io.hypernetes.proxy;

import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/// Which endpoints of a service's port get connections, as upstream's pkg/proxy/topology.go (`CategorizeEndpoints`) has it: those that are
/// ready; when none is, those that are ending and still answer, so that a service whose last pods are being replaced is not cut off.
final class Choice {
    private static final Predicate<ServiceView.Endpoint> READY = ServiceView.Endpoint::ready;
    private static final Predicate<ServiceView.Endpoint> ENDING = endpoint -> endpoint.serving() && endpoint.terminating();

    /// Who serves best is the greatest.
    static final Comparator<ServiceView.Endpoint> BETTER =
            Comparator.comparing(READY::test).thenComparing(ENDING::test).thenComparing(ServiceView.Endpoint::local);

    private Choice() {}

    /// For connections that may go anywhere: those that are meant for this node, or for its zone, if their hints say so.
    static List<ServiceView.Endpoint> anywhere(List<ServiceView.Endpoint> endpoints) {
        List<ServiceView.Endpoint> ready = keep(endpoints, READY);
        if (ready.isEmpty()) {
            // Those that end are taken wherever they are: hints are about who is ready.
            return keep(endpoints, ENDING);
        }
        // A hint is a wish for the whole of a service: where one endpoint has none its share would be nobody's or everybody's, and where none
        // is meant for this node or zone it would have none at all.
        if (isHinted(ready, ServiceView.Endpoint::forNode)) {
            return keep(ready, endpoint -> endpoint.forNode() == ServiceView.Hint.HERE);
        }
        if (isHinted(ready, ServiceView.Endpoint::forZone)) {
            return keep(ready, endpoint -> endpoint.forZone() == ServiceView.Hint.HERE);
        }
        return ready;
    }

    /// For connections that stay on this node; hints are of no interest then.
    static List<ServiceView.Endpoint> onNode(List<ServiceView.Endpoint> endpoints) {
        List<ServiceView.Endpoint> local = keep(endpoints, ServiceView.Endpoint::local);
        List<ServiceView.Endpoint> ready = keep(local, READY);
        return ready.isEmpty() ? keep(local, ENDING) : ready;
    }

    /// What to believe where two slices tell of one place: that it is ready, or else that it ends and still answers, as one of them may be late; of two that
    /// say the same, that it is here (upstream's pkg/proxy/endpointslicecache.go, `addEndpoints`), else what was told first.
    static ServiceView.Endpoint better(ServiceView.Endpoint one, ServiceView.Endpoint other) {
        return BETTER.compare(other, one) > 0 ? other : one;
    }

    private static boolean isHinted(List<ServiceView.Endpoint> ready, Function<ServiceView.Endpoint, ServiceView.Hint> hint) {
        boolean here = false;
        for (ServiceView.Endpoint endpoint : ready) {
            if (hint.apply(endpoint) == ServiceView.Hint.NONE) {
                return false;
            }
            here |= hint.apply(endpoint) == ServiceView.Hint.HERE;
        }
        return here;
    }

    private static List<ServiceView.Endpoint> keep(List<ServiceView.Endpoint> endpoints, Predicate<ServiceView.Endpoint> which) {
        return endpoints.stream().filter(which).toList();
    }
}

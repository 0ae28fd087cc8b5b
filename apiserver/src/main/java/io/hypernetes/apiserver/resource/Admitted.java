package io.hypernetes.apiserver.resource;

import io.hypernetes.store.Operation;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// What admission found around a new object: what is judged once it is complete need not be looked up again.
///
/// @param operations what else the commit must check or write
/// @param namespace of the object, as the commit checks it; empty for one outside of namespaces. Not to be changed
/// @param limits what the LimitRanges of the namespace say, when the object is a pod. Not to be changed
record Admitted(List<Operation> operations, ObjectNode namespace, List<ObjectNode> limits) {

    Admitted {
        operations = List.copyOf(operations);
        limits = List.copyOf(limits);
    }
}

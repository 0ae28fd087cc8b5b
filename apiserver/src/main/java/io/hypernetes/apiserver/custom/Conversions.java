package io.hypernetes.apiserver.custom;

import io.hypernetes.objects.kind.Conversion;
import tools.jackson.databind.node.ObjectNode;

/// Makes the conversions that definitions ask for.
public interface Conversions {
    /// The conversion between the versions of a definition of a tenant. Nobody is asked before the first object is converted.
    Conversion of(String tenant, ObjectNode definition);
}

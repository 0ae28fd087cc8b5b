/// The values of the Kubernetes API that every room shares: JSON trees, quantities, times, names, errors and statuses.
///
/// Objects on the wire path are Jackson trees ([tools.jackson.databind.node.ObjectNode]); nothing here knows of HTTP, of
/// tenants or of the store.
@NullMarked
package io.hypernetes.objects;

import org.jspecify.annotations.NullMarked;

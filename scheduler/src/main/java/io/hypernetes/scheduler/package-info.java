/// Chooses a node for each pod of every tenant: filters, scores, binds, and says why when no node fits.
///
/// It knows the API only through `client`. It keeps nothing on disk: bindings are the only state, and they are in the API.
@NullMarked
package io.hypernetes.scheduler;

import org.jspecify.annotations.NullMarked;

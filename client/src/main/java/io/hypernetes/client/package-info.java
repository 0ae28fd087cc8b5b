/// The way every component talks to the API server: a typed, tenant-aware client, informers that keep a local copy of
/// what they watch, the work queue that control loops run on, and the recorder of events.
///
/// It knows HTTP (and how to do without, in the server's own process: [io.hypernetes.client.Transport]), the Kubernetes object model and the tenant path prefix; it knows nothing of any controller, of nodes
/// or of the store. Objects are fabric8 model classes; those in an informer's cache are shared and must not be changed.
@NullMarked
package io.hypernetes.client;

import org.jspecify.annotations.NullMarked;

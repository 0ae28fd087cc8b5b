/// Who is asking: certificate authorities, principals, tokens, and the TLS that carries them.
///
/// The home tenant of a principal follows from who signed, never from what is claimed. Nothing here knows of HTTP or of
/// Kubernetes objects.
@NullMarked
package io.hypernetes.identity;

import org.jspecify.annotations.NullMarked;

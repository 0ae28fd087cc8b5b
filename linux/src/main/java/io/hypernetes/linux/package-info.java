/// Java's door to Linux.
///
/// System calls by the foreign function API, and the few objects that stand for what they return: descriptors,
/// network namespaces, taps, pidfds, pseudo-terminals. Knows nothing of pods, images or Kubernetes.
package io.hypernetes.linux;

/// Pods that a folder of the node names, and their mirrors in the API.
@org.jspecify.annotations.NullMarked
package io.hypernetes.kubelet.staticpod;

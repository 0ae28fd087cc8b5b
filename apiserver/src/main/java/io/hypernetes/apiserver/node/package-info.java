/// The way to the nodes: logs, exec, attach and port-forward are spliced between the client and the node's kubelet.
///
/// The bytes after an upgrade are not read here: WebSocket and SPDY end at the node.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.node;

/// The engine: pods as virtual machines, containers in them, and the faces through which others ask for them.
///
/// * [Hyperd] wires the engine and serves CRI v1 on a unix socket.
/// * `sandbox`: one pod, one machine: made, adopted, stopped, removed.
/// * `container`: one process tree in a sandbox: what it runs, its state, its exit.
/// * `volume`: what a container may mount, and the files pushed into a guest.
/// * `log`: container logs in CRI format, exact across a kill of this process.
/// * `stream`: exec, attach and port-forward over the streaming server.
/// * `journal`: the records from which all of this is found again.
/// * `event`: what happened, for those who follow.
/// * `cri`: the gRPC face; the only package that knows the wire types.
@NullMarked
package io.hypernetes.hyperd;

import org.jspecify.annotations.NullMarked;

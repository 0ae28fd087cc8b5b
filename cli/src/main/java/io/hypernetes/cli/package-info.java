/// The `hypernetes` command: what operators type, and the one place where every process is wired.
///
/// [MasterProcess] and [NodeProcess] are the two processes, each wired top to bottom in its file; the commands are thin and
/// talk to them as any client would: through the API, the CRI socket and the Docker socket.
package io.hypernetes.cli;

/// The server's end of exec, attach and port-forward connections, as Kubernetes clients of any age open them.
///
/// [RemoteCommandHandshake] and [PortForwardHandshake] turn an HTTP/1.1 upgrade request on a Netty channel into one blocking
/// object: [RemoteCommandSession] or [PortForwardSession]. WebSocket channels (v5, v4 and older, binary and base64), SPDY/3.1
/// and SPDY inside WebSocket are hidden behind them. Nothing here knows who may do what, or what runs at the other end.
///
/// Every byte of the client is bounded: input that nobody reads stops the reading of the connection, output waits for the client.
package io.hypernetes.streams;

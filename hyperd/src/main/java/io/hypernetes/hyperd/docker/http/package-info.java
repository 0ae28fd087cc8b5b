/// A small HTTP/1.1 server for a unix socket: blocking, one virtual thread a connection, everything bounded, with the raw takeover of a
/// connection that the Docker API asks for.
@NullMarked
package io.hypernetes.hyperd.docker.http;

import org.jspecify.annotations.NullMarked;

/// The Node object and its lease: registration, capacity, conditions, heartbeat.
@NullMarked
package io.hypernetes.kubelet.node;

import org.jspecify.annotations.NullMarked;

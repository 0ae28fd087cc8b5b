/// Keeps as many pods as asked: ReplicaSets and ReplicationControllers.
package io.hypernetes.controllers.replicas;

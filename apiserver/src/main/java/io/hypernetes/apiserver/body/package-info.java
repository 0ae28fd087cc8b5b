/// Request bodies in: JSON, YAML and protobuf become JSON trees, whatever the client sent.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.body;

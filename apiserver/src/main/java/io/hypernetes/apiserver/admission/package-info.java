/// What is decided about new pods and claims by objects of their cluster: limit ranges, priority classes, pod security.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.admission;

/// How a machine becomes a node and stays one: from a join token to certificates of its own, and their renewal.
@NullMarked
package io.hypernetes.kubelet.join;

import org.jspecify.annotations.NullMarked;

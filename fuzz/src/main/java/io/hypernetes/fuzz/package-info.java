/// For tests alone: throws hostile bytes at a reader.
@NullMarked
package io.hypernetes.fuzz;

import org.jspecify.annotations.NullMarked;

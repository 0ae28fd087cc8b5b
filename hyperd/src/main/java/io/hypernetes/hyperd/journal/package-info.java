/// Sandbox and container records, durable in the store under /hyperd/; a record is written before the step that it tells of.
@NullMarked
package io.hypernetes.hyperd.journal;

import org.jspecify.annotations.NullMarked;

/// The tables of facts on the class path: tab-separated, a header line, `#` comments.
@NullMarked
package io.hypernetes.objects.table;

import org.jspecify.annotations.NullMarked;

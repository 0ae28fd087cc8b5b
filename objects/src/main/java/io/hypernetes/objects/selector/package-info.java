/// Label selectors and field selectors: parsing, canonical text, matching.
@NullMarked
package io.hypernetes.objects.selector;

import org.jspecify.annotations.NullMarked;

/// Keys under which an embedded store seals its values, one for each owner, kept outside the store: whoever destroys a key has destroyed
/// all that it sealed, in the store's files, its log and every copy of them.
package io.hypernetes.store.keys;

/// What services get from the server: addresses and node ports.
@NullMarked
package io.hypernetes.apiserver.service;

import org.jspecify.annotations.NullMarked;

/// How people come by a token: `/login` tells what ways there are and serves those that are this server's own.
@NullMarked
package io.hypernetes.apiserver.login;

import org.jspecify.annotations.NullMarked;

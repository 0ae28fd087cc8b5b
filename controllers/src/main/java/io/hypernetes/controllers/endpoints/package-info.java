/// Which pods stand behind each Service, as EndpointSlices and as Endpoints.
package io.hypernetes.controllers.endpoints;

/// Removes what lost its owners, and sees to it that owners and what they own go in the order that was asked for.
package io.hypernetes.controllers.garbage;

package io.hypernetes.objects.cel;

import io.hypernetes.objects.Quantity;
import java.math.BigDecimal;

/// Quantities as whole numbers.
final class Numbers {
    private Numbers() {}

    static boolean isWhole(Quantity quantity) {
        BigDecimal number = quantity.decimal().stripTrailingZeros();
        return number.scale() <= 0 && number.abs().compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0;
    }

    static long whole(Quantity quantity) {
        if (!isWhole(quantity)) {
            throw new IllegalArgumentException("cannot convert value to integer");
        }
        return quantity.decimal().longValueExact();
    }
}

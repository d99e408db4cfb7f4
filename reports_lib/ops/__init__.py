"""Operations: the few changes that people make to customers and coupons."""

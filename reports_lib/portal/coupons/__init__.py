"""Coupons: the groups, the coupons of one, making more, switching them on and off."""

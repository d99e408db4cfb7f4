"""The addresses of coupons."""

from reports_lib.portal.coupons import codes, done, groups, making, offered, one, switching

ROUTES = (
    *groups.ROUTES,
    *offered.ROUTES,
    *one.ROUTES,
    *making.ROUTES,
    *switching.ROUTES,
    *codes.ROUTES,
    *done.ROUTES,
)

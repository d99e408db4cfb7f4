-- Customer Dynamics in USD by UTC month, as somebody would write it for DuckDB alone.
-- $1, $2, $3: starts, ends and activity windows of the buckets; $4: the as-of.
with bucket as (
    select unnest(range(1, len($1) + 1)) as number, unnest($1) as starts, unnest($2) as ends, unnest($3) as opens
),
bounds as (select min(starts) as since, max(ends) as until from bucket),
person as (select client_id, created_at, deleted_at from client where created_at < $4),
-- the direct rate, else that over the group's currency, which changes whenever either leg does
declared as (select from_currency as currency, to_currency, effective_from as since, rate from fx_rate),
direct as (select * from declared where to_currency = 'USD'),
leg as (select * from declared where 'USD' not in (currency, to_currency) and currency not in (select currency from direct)),
change as (
    select currency, to_currency, since from leg
    union
    select leg.currency, leg.to_currency, d.since from leg join direct d on leg.to_currency = d.currency
),
rate as (
    select currency, since, rate from direct
    union all
    select c.currency, c.since, round(leg.rate::decimal(38, 9) * d.rate, 9)
    from change c
    asof join leg on c.currency = leg.currency and c.to_currency = leg.to_currency and leg.since <= c.since
    asof join direct d on c.to_currency = d.currency and d.since <= c.since
    union all
    select 'USD', timestamp '1900-01-01', 1
),
usage as (
    select u.client_id, date_trunc('month', u.started_at) as starts,
        max(u.started_at) filter (where u.is_paid) as paid_at,
        sum(u.amount::decimal(38, 6) * r.rate) filter (where u.amount <> 0 and u.started_at >= bounds.since) as payg_total
    from usage_event u
    cross join bounds
    asof left join rate r on u.currency = r.currency and r.since <= u.started_at
    where u.started_at < $4 and u.started_at < until and (u.is_paid or u.started_at >= bounds.since)
      and u.client_id in (select client_id from person)
    group by all
),
held as (
    select subscription_id, client_id, quantity, activated_at, status
    from subscription where assigned_at < $4 and client_id in (select client_id from person)
),
charge as (
    select h.client_id, h.quantity, p.currency, p.amount, p.kind = 'activation' as is_activation,
        case p.kind when 'activation' then coalesce(h.activated_at, p.charged_at) else p.charged_at end as moment
    from subscription_period p join held h using (subscription_id)
    where p.status = 'charged' and p.charged_at < $4
    union all
    select h.client_id, h.quantity, 'USD', 0, true, h.activated_at
    from held h anti join (select * from subscription_period where kind = 'activation' and charged_at < $4) p
        using (subscription_id)
    where h.activated_at is not null and h.status <> 'pending'
),
package as (
    select c.client_id, date_trunc('month', c.moment) as starts,
        max(c.moment) filter (where c.amount > 0) as paid_at,
        sum(c.quantity) filter (where c.is_activation) as activation_qty,
        sum(c.amount::decimal(38, 6) * r.rate) filter (where c.is_activation) as activation_total,
        sum(c.quantity) filter (where not c.is_activation) as renew_qty,
        sum(c.amount::decimal(38, 6) * r.rate) filter (where not c.is_activation) as renew_total
    from charge c cross join bounds asof left join rate r on c.currency = r.currency and r.since <= c.moment
    where c.moment < until
    group by all
),
entry as (
    select e.client_id, e.currency, date_trunc('month', e.posted_at) as starts, sum(e.amount) as moved,
        count(*) filter (where e.kind = 'payment' and e.amount > 0) as refill_qty,
        sum(e.amount::decimal(38, 6) * r.rate) filter (where e.kind = 'payment' and e.amount > 0) as refill_total
    from ledger_entry e cross join bounds asof left join rate r on e.currency = r.currency and r.since <= e.posted_at
    where e.status = 'approved' and e.posted_at < $4 and e.posted_at < until
      and e.client_id in (select client_id from person)
    group by all
),
-- everything before the first bucket counts as one month before it
month as (select number, starts from bucket union all select 0, null),
paid as (
    select client_id, coalesce(b.number, 0) as number, max(paid_at) as paid_at
    from (
        select client_id, starts, paid_at from usage
        union all select client_id, starts, paid_at from package
        union all select client_id, date_trunc('month', moment), moment
            from (select client_id, unnest([first_paid_at, last_paid_at]) as moment from client_activity), bounds
            where moment < until and client_id in (select client_id from person)
    ) left join bucket b using (starts)
    where paid_at is not null
    group by all
),
last_paid as (
    select client_id, number, max(paid_at) over (partition by client_id order by number) as last_paid
    from (select distinct client_id from paid) cross join month left join paid using (client_id, number)
),
moved as (
    select client_id, currency, coalesce(b.number, 0) as number, sum(moved) as moved
    from entry left join bucket b using (starts) group by all
),
balance as (
    select client_id, number, sum(amount::decimal(38, 6) * r.rate) as balance
    from (
        select client_id, currency, number,
            sum(moved) over (partition by client_id, currency order by number) as amount
        from (select distinct client_id, currency from moved) cross join month
            left join moved using (client_id, currency, number)
    ) held join bucket using (number) asof join rate r on held.currency = r.currency and r.since <= ends
    group by all
),
standing as (
    select number, opens, last_paid, coalesce(balance, 0) as balance
    from person join bucket on created_at < ends and (deleted_at is null or deleted_at >= ends)
        left join last_paid using (client_id, number) left join balance using (client_id, number)
),
stock as (
    select number,
        count(*) filter (where last_paid >= opens) as active_qty,
        sum(balance) filter (where last_paid >= opens and balance > 0) as active_balance_pos,
        sum(balance) filter (where last_paid >= opens and balance < 0) as active_balance_neg,
        sum(balance) filter (where last_paid >= opens) as active_balance,
        count(last_paid) as overall_qty,
        sum(balance) filter (where last_paid is not null and balance > 0) as overall_balance_pos,
        sum(balance) filter (where last_paid is not null and balance < 0) as overall_balance_neg,
        sum(balance) filter (where last_paid is not null) as overall_balance,
        count(*) as all_qty,
        sum(balance) filter (where balance > 0) as all_balance_pos,
        sum(balance) filter (where balance < 0) as all_balance_neg,
        sum(balance) as all_balance
    from standing group by number
)
select * from bucket
    left join stock using (number)
    left join (select starts, sum(refill_qty)::bigint as refill_qty, sum(refill_total) as refill_total
               from entry group by starts) using (starts)
    left join (select starts, sum(payg_total) as payg_total from usage group by starts) using (starts)
    left join (select starts, sum(activation_qty)::bigint as activation_qty,
                   sum(activation_total) as activation_total, sum(renew_qty)::bigint as renew_qty,
                   sum(renew_total) as renew_total
               from package group by starts) using (starts)
order by number

-- What one would write by hand on the lake for the questions of `bench.customers`, one statement after each "--- name".
-- $as_of is naive UTC, $email what was typed.

--- first page
with newest as (
    select client_id from client join client_profile using (client_id)
    where created_at < $as_of and (deleted_at is null or deleted_at >= $as_of)
    order by created_at desc, client_id desc limit 51
), linked as (
    select client_id, string_agg(network, ',' order by network) as networks
    from newest left join client_social using (client_id) group by client_id
)
select * from linked join client using (client_id) join client_profile using (client_id)
order by created_at desc, client_id desc

--- counts
select registration_status, count(*) as customers from client join client_profile using (client_id)
where created_at < $as_of and (deleted_at is null or deleted_at >= $as_of)
group by registration_status

--- first page of an e-mail
with newest as (
    select client_id from client join client_profile using (client_id)
    where created_at < $as_of and (deleted_at is null or deleted_at >= $as_of)
      and contains(lower(email), lower($email))
    order by created_at desc, client_id desc limit 51
), linked as (
    select client_id, string_agg(network, ',' order by network) as networks
    from newest left join client_social using (client_id) group by client_id
)
select * from linked join client using (client_id) join client_profile using (client_id)
order by created_at desc, client_id desc

--- counts of an e-mail
select registration_status, count(*) as customers from client join client_profile using (client_id)
where created_at < $as_of and (deleted_at is null or deleted_at >= $as_of) and contains(lower(email), lower($email))
group by registration_status

--- report: counts
select registration_status, country, count(*) as customers
from client join client_profile using (client_id)
where created_at < $as_of and (deleted_at is null or deleted_at >= $as_of)
group by all

--- report: all rows
with linked as (
    select client_id, string_agg(network, ',' order by network) as networks from client_social group by client_id
)
select * from client join client_profile using (client_id) left join linked using (client_id)
where created_at < $as_of and (deleted_at is null or deleted_at >= $as_of)
order by created_at desc, client_id desc

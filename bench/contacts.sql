-- What one would write by hand on the lake for the questions of `bench.contacts`, one statement after each "--- name".
-- $start, $end and $as_of are naive UTC; months are those of the report's zone, counted from the first of the period:
-- local(at) is a moment on its clocks, utc(at) the way back.

--- messages by status
select date_diff('month', local($start), local(created_at)) + 1 as number, channel,
       case when sent_at >= $as_of then if(required, 'created', 'created_optional')
            when status = 'delivered' and delivered_at >= $as_of then 'pending' else status end as status,
       count(*) as messages,
       sum(case when channel <> 'sms' then 0
                when parts is not null then parts
                when encoding = 'ucs2' then if(text_length <= 70, 1, (text_length + 66) // 67)
                when text_length is not null then if(text_length <= 160, 1, (text_length + 152) // 153)
                else 1 end)::bigint as parts
from message
where created_at >= $start and created_at < $end and created_at < $as_of
group by all

--- messages sent
select date_diff('month', local($start), local(sent_at)) + 1 as number, channel, currency, count(*) as sent,
       count(*) filter (where status = 'delivered' and not coalesce(delivered_at >= $as_of, false)) as delivered,
       sum(price) as price
from message
where sent_at >= $start and sent_at < $end and sent_at < $as_of and created_at < $as_of
group by all

--- notifications
with told as (
    select distinct date_diff('month', local($start), local(created_at)) + 1 as number, notification_id
    from message where created_at >= $start and created_at < $end and created_at < $as_of
)
select number, count(*) as notifications from told group by number
union all
select 0, count(distinct notification_id) from told

--- dialogues
select date_diff('month', local($start), local(started_at)) + 1 as number, count(*) as dialogues,
       count(*) filter (where has_operator) as by_operator,
       count(*) filter (where not has_operator) as by_bot,
       count(*) filter (where has_operator is null) as by_nobody
from chat_session
left join (
    select session_id, bool_or(sender = 'operator') as has_operator
    from chat_message
    where sender in ('bot', 'operator') and sent_at >= $start and sent_at < $as_of
    group by session_id
) using (session_id)
where started_at >= $start and started_at < $end and started_at < $as_of
group by all

--- messages of chats
select date_diff('month', local($start), local(sent_at)) + 1 as number, chat_id, sender, currency,
       count(*) as messages, sum(cost) as cost
from chat_message join chat_session using (session_id)
where sender in ('user', 'bot', 'operator') and sent_at >= $start and sent_at < $end and sent_at < $as_of
  and started_at < $as_of
group by all

--- operators
with words as (
    select session_id, operator_id, sent_at from chat_message
    where sender = 'operator' and sent_at >= $start and sent_at < $as_of
), given as (
    select assignment_id, session_id, operator_id, assigned_at, least(released_at, closed_at) as ended_at
    from chat_assignment join chat_session using (session_id)
    where assigned_at < $as_of and started_at < $as_of
), things as (
    select distinct 'written' as figure, operator_id, session_id as thing from words
    where sent_at < $end and operator_id is not null
    union all
    select distinct 'active', operator_id, session_id from given
    where assigned_at < $end and (ended_at is null or ended_at >= least($end, $as_of))
    union all
    select 'skipped', operator_id, assignment_id from given
    where assigned_at >= $start and assigned_at < $end and ended_at < $as_of and not exists (
        from words
        where words.session_id = given.session_id and words.operator_id = given.operator_id
          and words.sent_at between given.assigned_at and given.ended_at
    )
)
select operator_id, figure, count(*) as counted from things group by all
union all
select null, figure, count(distinct thing) from things group by figure

--- presence
with cut as (
    select operator_id, status, greatest(from_at, $start) as begins,
           least(coalesce(to_at, $as_of), $end, $as_of) as ends
    from operator_status
    where status in ('online', 'paused') and from_at < least($end, $as_of) and (to_at is null or to_at > $start)
), marked as (
    select *, begins > max(ends) over (
        partition by operator_id, status order by begins, ends rows between unbounded preceding and 1 preceding
    ) as is_apart
    from cut
), islands as (
    select *, count(*) filter (where is_apart) over (
        partition by operator_id, status order by begins, ends rows unbounded preceding
    ) as place
    from marked
), whole as (
    select operator_id, status, min(begins) as begins, max(ends) as ends from islands
    group by operator_id, status, place
), months as (
    select number + 1 as number, utc(local($start) + to_months(number)) as starts,
           utc(local($start) + to_months(number + 1)) as stops
    from range(0, 1 + date_diff('month', $start, $end)) as numbers(number)
)
select number, operator_id, status,
       sum(date_diff('microsecond', greatest(begins, starts), least(ends, stops)))::bigint as microseconds
from whole join months on begins < stops and ends > starts
group by all

--- calls
with told as (
    select date_diff('month', local($start), local(started_at)) + 1 as number, client_id,
           if(client_id is null, client_number, null) as phone, bot_id is not null as is_bots,
           status = 'answered' and not coalesce(coalesce(ended_at, answered_at) >= $as_of, false) as is_handled,
           is_handled or coalesce(coalesce(ended_at, answered_at) >= $as_of and answered_at < $as_of, false)
               as is_answered,
           talk_s + coalesce(hold_s, 0) + coalesce(acw_s, 0) as seconds
    from call where started_at >= $start and started_at < $end and started_at < $as_of
)
select coalesce(number, 0) as number, count(*) as attempts, count(*) filter (where is_answered) as answered,
       count(distinct coalesce('c' || client_id, phone)) filter (where is_answered) as reached,
       count(*) filter (where is_handled) as handled,
       coalesce(sum(seconds) filter (where is_handled), 0)::bigint as handled_s,
       count(*) filter (where is_handled and is_bots) as bot_handled,
       coalesce(sum(seconds) filter (where is_handled and is_bots), 0)::bigint as bot_handled_s
from told group by grouping sets ((number), ())

--- set-ups
with seconds as (
    select trunk_id, date_trunc('second', started_at) as began, count(*) as calls
    from call where started_at >= $start and started_at < $end and started_at < $as_of
    group by all
), line as (
    select false as is_all, * from seconds
    union all
    select true, null, began, sum(calls)::bigint from seconds group by began
)
select is_all, trunk_id, date_diff('month', local($start), local(began)) + 1 as number, sum(calls)::bigint as attempts,
       max(calls) as peak
from line group by all

--- windows
with told as (
    select started_at, status,
           status <> 'in_progress' and not coalesce(coalesce(ended_at, answered_at) >= $as_of, false) as is_finished,
           case when is_finished then coalesce(talk_s, 0)
                when answered_at < $as_of then
                    epoch(date_trunc('second', $as_of)) - epoch(date_trunc('second', answered_at))
                else 0 end as talk
    from call where started_at >= utc(date_trunc('year', local($as_of))) and started_at < $as_of
)
select case when started_at >= $as_of - interval 15 minutes then 1
            when started_at >= $as_of - interval 30 minutes then 2
            when started_at >= $as_of - interval 60 minutes then 3
            when started_at >= utc(date_trunc('day', local($as_of))) then 4 else 5 end as ring,
       status, is_finished,
       case when talk <= 0 then 0 when talk <= 10 then 1 when talk <= 30 then 2 when talk <= 60 then 3
            when talk <= 180 then 4 when talk <= 300 then 5 when talk <= 600 then 6 else 7 end as length,
       count(*) as calls
from told group by all

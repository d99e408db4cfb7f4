"""What is said in chats: phrases in several languages, spelled as people spell, and a few odd ones."""

USER = (
    "Hello", "hello!", "HELLO", "Good morning", "Where is my invoice?", "where is my invoice", "Where is my invoice??",
    "How can I top up my balance?", "How can I top up my balance", "I want to change my tariff", "Operator please",
    "operator", "Thank you", "thank you!", "Thanks", "ok", "OK.", "Добрий день", "добрий день!",
    "Як поповнити рахунок?",
    "як поповнити рахунок", "Не працює інтернет", "Дякую", "дякую!", "Оператор", "Hola", "hola!",
    "¿Dónde está mi factura?",
    "No puedo iniciar sesión", "Gracias", "Guten Tag", "guten Tag", "Wo finde ich meine Rechnung?", "Danke", "Danke!",
    "Ich möchte kündigen", "こんにちは", "請求書はどこですか？", "ありがとうございます", "Здравствуйте", "Спасибо",
    "  Hello  ", "Ｈｅｌｌｏ", "👍", "=1+1", "<b>help</b>", "مرحبا", "Dzień dobry", "Dziękuję",
)  # fmt: skip
USER_WEIGHTS = tuple(30 if k < 4 else 18 if k < 31 else 8 for k in range(len(USER)))
BOT = (
    "Hello! I am the assistant of Meridian. What can I do for you?", "Please choose: 1 balance, 2 tariff, 3 operator.",
    "Your balance is on the page Account.", "Sorry, I did not understand. Could you say it in other words?",
    "Одну хвилину, з'єдную з оператором.", "Ваш рахунок можна поповнити на сторінці «Баланс».",
    "¡Hola! ¿En qué puedo ayudarle?",
    "Su factura está en la sección Facturas.", "Guten Tag! Wie kann ich helfen?",
    "Ihre Rechnung finden Sie unter Rechnungen.",
    "ご用件を選んでください。", "One moment, an operator will join.",
)  # fmt: skip
OPERATOR = (
    "Good afternoon, let me check that for you.", "It is done, please try again.",
    "Your invoice was sent to your e-mail.",
    "Вітаю! Зараз перевірю.", "Готово, перевірте, будь ласка.", "Enseguida lo reviso.", "Ya está resuelto.",
    "Ich prüfe das gerade.", "少々お待ちください。", "Is there anything else I can do?", "Have a nice day!",
)  # fmt: skip
SYSTEM = ("Operator joined the dialogue", "Dialogue closed after a time without answer")
PERSONAL = (
    "My number is +38067{a:07d}", "please write to {b}.{a}@mail.example", "card 4111 1111 {c:04d} {b:04d} was refused",
    "contract {a:07d}", "Моя адреса: вул. Садова, {c}", "order #{a}",
)  # fmt: skip

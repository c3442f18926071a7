<div>{text}</div>

<div dangerouslySetInnerHTML={{ __html: text }} />
